"""The one web server: webhooks, the web chat, the pages."""
