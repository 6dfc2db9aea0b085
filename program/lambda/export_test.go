package lambda

// Meaningless returns the variables that are set and have no effect.
func Meaningless() []string { return meaningless() }
