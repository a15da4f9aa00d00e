"""This repository's own plan: how late do flights from New York arrive?

One module for each phase of `config/phases.yaml`.
"""
