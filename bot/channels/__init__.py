"""One module a platform. Each translates, and only translates."""
