package server

// extension follows one byte of a chunk extension: RFC 9112, 7.1.1.
func (g *guard) extension(c byte) {
	if g.in = g.in.inExtension(c); g.in == partHead {
		g.refuse = bad("malformed chunk extension")
	} else if g.count++; g.count > maxExtension {
		g.refuse = bad("long chunk extension")
	}
}

// inExtension tells where a byte of an extension leads; to partHead: nowhere.
// White space around ";" and "=" is bad, and has to be read all the same.
func (p part) inExtension(c byte) part {
	isToken, isSpace := is[c]&token != 0, c == ' ' || c == '\t'
	switch {
	case p == partExtensionEscaped && is[c]&text != 0:
		return partExtensionQuoted
	case p == partExtensionQuoted:
		return p.inQuotes(c)
	case (p == partExtension || p == partExtensionName) && isToken:
		return partExtensionName
	case (p == partExtensionValue || p == partExtensionToken) && isToken:
		return partExtensionToken
	case (p == partExtension || p == partExtensionValue) && isSpace:
		return p
	case p == partExtensionValue && c == '"':
		return partExtensionQuoted
	case p == partExtension || p == partExtensionValue || p == partExtensionEscaped:
		return partHead
	case (p == partExtensionName || p == partExtensionAssign) && isSpace:
		return partExtensionAssign
	case (p == partExtensionName || p == partExtensionAssign) && c == '=':
		return partExtensionValue
	case isSpace:
		return partExtensionNext
	case c == ';':
		return partExtension
	case c == '\r' && p != partExtensionAssign && p != partExtensionNext:
		return partSizeLF
	}
	return partHead
}

func (p part) inQuotes(c byte) part {
	switch {
	case c == '"':
		return partExtensionEnd
	case c == '\\':
		return partExtensionEscaped
	case is[c]&text != 0:
		return p
	}
	return partHead
}
