"""What analyses say of their results, in sentences; one module a subject, a function a type."""
