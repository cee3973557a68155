"""What most teams would write for the same task, to be measured beside ours."""
