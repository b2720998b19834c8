"""More is asked of the service than it can do, and it says so, loses nothing, and recovers."""
