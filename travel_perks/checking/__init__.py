"""Hold sources and gold table against what is expected of them."""
