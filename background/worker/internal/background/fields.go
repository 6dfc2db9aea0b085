package background

// said is a text of a field of the log that its message has, too. The log for
// people leaves the field out.
type said string

// InMessage returns the text.
func (s said) InMessage() string { return string(s) }

// number is said of an int.
type number int

// InMessage returns "", since a number needs no cutting.
func (number) InMessage() string { return "" }

// fields are what a call has in each line of the log.
func (c Call) fields() []any {
	if c.Job {
		return []any{"job", said(c.Name), "attempt", number(c.Attempt)}
	}
	return []any{"task", said(c.Name)}
}

// failed are the fields of a line about an error, and the stack if there is one.
func (c Call) failed(err error, stack string) []any {
	fields := append(c.fields(), "error", said(err.Error()))
	if stack == "" {
		return fields
	}
	return append([]any{"stack", stack}, fields...)
}
