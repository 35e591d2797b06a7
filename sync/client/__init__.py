"""The field client: the store on the device, the connection to the server, and push and pull between them."""
