"""The vendors, written from their sheets: strict, stateful WSGI applications that share no code with our clients."""
