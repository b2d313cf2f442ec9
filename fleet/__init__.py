"""Fleet controller for unmanned delivery vehicles."""
