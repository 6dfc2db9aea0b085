package http1

// readExtension reads one byte of a chunk extension: RFC 9112, 7.1.1.
func (f *framing) readExtension(c byte) error {
	if f.state = f.state.afterExtension(c); f.state == invalid {
		return bad("malformed chunk extension")
	}
	if f.count++; f.count > maxExtension {
		return bad("chunk extension too long")
	}
	return nil
}

// afterExtension returns the state after a byte of an extension. White space
// around ";" and "=" is bad by the RFC, which wants it to be read all the same.
func (s state) afterExtension(c byte) state {
	isToken, isSpace := class[c]&token != 0, c == ' ' || c == '\t'
	switch {
	case s == inExtensionEscaped && class[c]&text != 0:
		return inExtensionQuoted
	case s == inExtensionQuoted:
		return afterQuoted(c)
	case (s == inExtension || s == inExtensionName) && isToken:
		return inExtensionName
	case (s == inExtensionValue || s == inExtensionToken) && isToken:
		return inExtensionToken
	case (s == inExtension || s == inExtensionValue) && isSpace:
		return s
	case s == inExtensionValue && c == '"':
		return inExtensionQuoted
	case s == inExtension || s == inExtensionValue || s == inExtensionEscaped:
		return invalid
	case (s == inExtensionName || s == inExtensionAssign) && isSpace:
		return inExtensionAssign
	case (s == inExtensionName || s == inExtensionAssign) && c == '=':
		return inExtensionValue
	case isSpace:
		return inExtensionNext
	case c == ';':
		return inExtension
	case c == '\r' && s != inExtensionAssign && s != inExtensionNext:
		return inSizeLF
	}
	return invalid
}

// afterQuoted returns the state after a byte between quotes.
func afterQuoted(c byte) state {
	switch {
	case c == '"':
		return inExtensionEnd
	case c == '\\':
		return inExtensionEscaped
	case class[c]&text != 0:
		return inExtensionQuoted
	}
	return invalid
}
