"""The catalog: forms and policy lists that a department edits as data, served to phones and desks."""
