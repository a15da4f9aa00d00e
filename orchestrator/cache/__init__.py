"""The shared cache: what works made, kept by what it was made from, for other clones and machines."""
