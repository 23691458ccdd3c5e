"""Reachability of pods under NetworkPolicies, and the flows that a topology declares."""

from validator.network.reachability import Endpoint, Reachability
from validator.network.topology import Flow, Topology, load_topology

__all__ = ["Endpoint", "Flow", "Reachability", "Topology", "load_topology"]
