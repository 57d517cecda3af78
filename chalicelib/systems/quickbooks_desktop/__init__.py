"""QuickBooks Desktop: books on a Windows PC, whose Web Connector calls us (SOAP) and carries qbXML to and fro."""
