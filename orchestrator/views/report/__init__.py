"""The report: one HTML file that shows a plan to people who have neither the project nor phasegate at hand.

facts.py looks up, data.py and its helpers decide what is shown (pure), page.py writes it down.
"""
