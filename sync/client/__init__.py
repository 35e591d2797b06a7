"""The field client: a store on the device, push and pull, and what stands between them."""
