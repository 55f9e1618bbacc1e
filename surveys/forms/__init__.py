"""Surveys as XLSForms: reading them, checking them, walking through them."""
