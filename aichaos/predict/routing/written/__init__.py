"""What a controller writes of a route: by the standard, and by each gateway that was asked."""
