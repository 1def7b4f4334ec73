"""The network: nodes, bonds, ports, lattices, rigidity and its files."""
