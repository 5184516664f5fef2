"""Istio and Envoy Gateway, asked through their own translators and a real Envoy; and their recorded answers against the two profiles."""
