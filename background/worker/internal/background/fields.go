package background

// repeated is a text that a line of the log has in a field and in its message. The log
// for people leaves the field out.
type repeated string

// InMessage returns the text.
func (s repeated) InMessage() string { return string(s) }

// number is a repeated int.
type number int

// InMessage returns "", since a number needs no cutting.
func (number) InMessage() string { return "" }

// fields returns the fields that each line of the log about the call has.
func (c Call) fields() []any {
	if c.Job {
		return []any{"job", repeated(c.Name), "attempt", number(c.Attempt)}
	}
	return []any{"task", repeated(c.Name)}
}

// failed returns the fields of a line about an error, and the stack if there is one.
func (c Call) failed(err error, stack string) []any {
	fields := append(c.fields(), "error", repeated(err.Error()))
	if stack == "" {
		return fields
	}
	return append([]any{"stack", stack}, fields...)
}
