package upload

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"unicode"
)

// The bounds of a form, whose files are bounded by what the body may have.
const (
	MaxMemory = 1 << 20 // bytes of files that are kept in memory
	maxTexts  = 1 << 20 // bytes of the other parts, with their names
	maxParts  = 1000
	maxHeader = 16 << 10 // bytes of the headers of a part; what is read ahead counts, too
)

// ErrTooLarge is about a form beyond one of these bounds.
var ErrTooLarge = errors.New("the form has more or larger parts, or headers of parts, than it may have")

// BodyError is about a body that is no form, or did not come whole.
type BodyError struct{ Err error }

// Error returns what is wrong.
func (e *BodyError) Error() string { return "the form can't be read: " + e.Err.Error() }

// Unwrap returns the error of the body.
func (e *BodyError) Unwrap() error { return e.Err }

// Part is one part of a form.
type Part struct {
	Name     string
	Text     string
	IsJSON   bool // Text is of application/json
	IsFile   bool
	FileName string   // without a path
	Content  *Content // of a file; nil: nobody wants it
}

// Form is a form that was read.
type Form struct {
	Parts []Part
	spool *spool // nil: all files are in memory
}

// Close gives all files back. What reads them meanwhile, or later, gets an error.
func (f *Form) Close() {
	for i := range f.Parts {
		if content := f.Parts[i].Content; content != nil {
			content.close()
		}
	}
	if f.spool != nil {
		f.spool.close()
	}
}

// Options are what [Read] is told of a form.
type Options struct {
	Boundary string
	IsFile   func(name string) bool // whether a part of that name is a file, whatever else it says
	Take     func(bytes int64) bool // takes memory of a budget, and reports whether there was as much; nil: there is
}

// Read reads a form to its end. Parts of files that nobody asked for are not kept.
// What remains of a form that can't be read is closed. Errors other than a
// [*BodyError] and [ErrTooLarge] are those of the temporary files.
func Read(body io.Reader, options Options) (*Form, error) {
	if options.Take == nil {
		options.Take = func(int64) bool { return true }
	}
	form := &Form{}
	r := &reader{Options: options, form: form, body: &bounded{from: body}, texts: maxTexts, memory: MaxMemory}
	r.parts = multipart.NewReader(r.body, options.Boundary)
	whole := false
	defer func() {
		if !whole {
			form.Close()
		}
	}()
	for {
		err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	r.body.lift()
	if _, err := io.Copy(io.Discard, r.body); err != nil { // what follows the form: reading it shows whether the body is complete
		return nil, bodyError(err)
	}
	whole = true
	return form, nil
}

// bodyError returns the error for a body that could not be read.
func bodyError(err error) error {
	if errors.Is(err, ErrTooLarge) {
		return ErrTooLarge
	}
	return &BodyError{err}
}

// reader reads the parts of a form.
type reader struct {
	Options
	form   *Form
	body   *bounded
	parts  *multipart.Reader
	count  int // of parts
	texts  int // bytes that may still come
	memory int // bytes that may still be taken
}

// next adds the next part to the form, or returns io.EOF after the last one.
func (r *reader) next() error {
	r.body.bound(maxHeader)
	from, err := r.parts.NextPart()
	if err == io.EOF {
		return io.EOF
	}
	if err != nil {
		return bodyError(err)
	}
	if r.count++; r.count > maxParts {
		return ErrTooLarge
	}
	r.body.lift()
	disposition, parameters, err := mime.ParseMediaType(from.Header.Get("Content-Disposition"))
	name := parameters["name"]
	if err != nil || disposition != "form-data" || name == "" {
		return &BodyError{errors.New("a part has no name")}
	}
	if r.texts -= len(name); r.texts < 0 {
		return ErrTooLarge
	}
	contentType := from.Header.Get("Content-Type")
	fileName, isFile := parameters["filename"]
	switch {
	case r.IsFile(name):
		return r.file(Part{Name: name, IsFile: true, FileName: baseName(fileName), Content: &Content{ContentType: contentType}}, from)
	case isFile:
		r.form.Parts = append(r.form.Parts, Part{Name: name, IsFile: true})
		if _, err := io.Copy(io.Discard, from); err != nil {
			return bodyError(err)
		}
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(from, int64(r.texts)+1))
	if err != nil {
		return bodyError(err)
	}
	if r.texts -= len(text); r.texts < 0 {
		return ErrTooLarge
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	r.form.Parts = append(r.form.Parts, Part{Name: name, Text: string(text), IsJSON: mediaType == "application/json"})
	return nil
}

// file reads a file. An empty one without a name is what a browser sends where no file
// was chosen: it is left out.
func (r *reader) file(part Part, from io.Reader) error {
	if err := r.read(part.Content, from); err != nil {
		return err
	}
	if part.Content.Size > 0 || part.FileName != "" {
		r.form.Parts = append(r.form.Parts, part)
	}
	return nil
}

// baseName returns the last element of a path of any system, on one line.
func baseName(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	if name == "." || name == ".." {
		return ""
	}
	return name
}

// bounded is a reader that can be given a bound for a while.
type bounded struct {
	from    io.Reader
	isBound bool
	left    int
}

func (b *bounded) bound(bytes int) { b.isBound, b.left = true, bytes }
func (b *bounded) lift()           { b.isBound = false }

func (b *bounded) Read(p []byte) (int, error) {
	if !b.isBound {
		return b.from.Read(p)
	}
	if b.left == 0 {
		return 0, ErrTooLarge
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
