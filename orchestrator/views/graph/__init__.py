"""The plan as a graph: what is in it (model), and how it is drawn (mermaid, dot, and svg over layout). All pure."""
