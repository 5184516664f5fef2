"""The profile `contour` against a real Contour and Envoy: random and adversarial routes, and every difference."""
