package http1

const (
	// maxSizeDigits is how many digits the size of a chunk may have: one more
	// could not be counted in 64 bits with a sign.
	maxSizeDigits = 15

	// maxExtension bounds the bytes between the size of a chunk and its data.
	// Extensions mean nothing here.
	maxExtension = 256

	// maxTrailer bounds the fields after the last chunk, in bytes.
	maxTrailer = 8 << 10
)

// framing is what stands between the data of chunks: RFC 9112, 7.1. It is a
// state machine over bytes that may come one at a time.
type framing struct {
	state state
	left  int64              // of the data of this chunk; before it, the size as far as it was read
	count int                // of what is bounded in this state: digits, bytes
	name  [maxForbidden]byte // of the trailer field, in lower case, as far as it came
	named int                // length of that name
}

// state says what the next byte belongs to.
type state uint8

const (
	inSize state = iota
	inExtension
	inExtensionName
	inExtensionAssign // white space before "=" or the next ";"
	inExtensionValue
	inExtensionToken
	inExtensionQuoted
	inExtensionEscaped
	inExtensionEnd  // after the quotes
	inExtensionNext // white space before the next ";"
	inSizeLF
	inData
	inDataCR
	inDataLF
	inTrailer // at the beginning of one of its lines
	inFieldName
	inFieldValue
	inFieldLF
	inEndLF
	atEnd
	invalid
)

// read reads framing at the beginning of b, up to the data of a chunk, the end
// of the body or the end of b, and returns how many bytes it read.
func (f *framing) read(b []byte) (n int, err error) {
	for n < len(b) && f.state != inData && f.state != atEnd {
		if err := f.readByte(b[n]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (f *framing) readByte(c byte) error {
	switch f.state {
	case inSize:
		return f.readSize(c)
	case inSizeLF:
		f.state, f.count = inData, 0
		if f.left == 0 {
			f.state = inTrailer
		}
		return expect(c, '\n')
	case inDataCR:
		f.state = inDataLF
		return expect(c, '\r')
	case inDataLF:
		f.state, f.count = inSize, 0
		return expect(c, '\n')
	case inTrailer, inFieldName, inFieldValue, inFieldLF:
		return f.readTrailer(c)
	case inEndLF:
		f.state = atEnd
		return expect(c, '\n')
	}
	return f.readExtension(c)
}

// take notes that n bytes of a chunk's data were read.
func (f *framing) take(n int) {
	if f.left -= int64(n); f.left == 0 {
		f.state = inDataCR
	}
}

func expect(c, want byte) error {
	if c != want {
		return bad("a line of a chunked body does not end in CRLF")
	}
	return nil
}

func (f *framing) readSize(c byte) error {
	switch {
	case class[c]&hex != 0 && f.count < maxSizeDigits:
		f.count++
		f.left = f.left<<4 | hexValue(c)
	case f.count == 0:
		return bad("no chunk size")
	case c == '\r':
		f.state = inSizeLF
	case c == ';':
		f.state, f.count = inExtension, 0
	default:
		return bad("malformed chunk size")
	}
	return nil
}

func hexValue(digit byte) int64 {
	if isDigit(digit) {
		return int64(digit - '0')
	}
	return int64(digit|0x20-'a') + 10
}
