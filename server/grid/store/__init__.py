"""SQL of grid."""
