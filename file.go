package apiphant

import (
	"io"

	"github.com/apiphant/apiphant/internal/upload"
)

// File is a file that comes with a request. A typed request that has one, or a list of
// them, takes multipart/form-data, as an HTML form sends it:
//
//	type Photo struct {
//		Title string          `json:"title" required:"true"`
//		File  apiphant.File   `json:"file" required:"true" maxLength:"5000000" contentType:"image/png,image/jpeg"`
//		More  []apiphant.File `json:"more" maxItems:"10" items:"maxLength=5000000"`
//	}
//
// The other fields take the form's other parts, by their types: text, or JSON where the
// part's Content-Type is application/json. maxLength counts bytes. contentType compares
// with what was detected of the bytes; where that says little, as text/plain does, a
// type that can't be detected, such as text/csv, counts as the client says.
//
// Up to 1 MiB of a request's files are in memory, and what is more in temporary files.
// All are gone when the call ends. The body is bounded as that of a function which reads
// its request itself. Each request's other parts may have 1 MiB together.
//
// The zero File is one that did not come: it is empty.
type File struct {
	Name        string // without a path; "": the client has not said it
	ContentType string // as the client says; "": it has not said it
	Detected    string // by [http.DetectContentType]
	Size        int64  // in bytes

	content *upload.Content
}

// NewFile returns a file, for tests that call a function or send a request. content must
// not be changed.
func NewFile(name, contentType string, content []byte) File {
	return fileOf(name, upload.InMemory(contentType, content))
}

func fileOf(name string, content *upload.Content) File {
	return File{Name: name, ContentType: content.ContentType, Detected: content.Detected, Size: content.Size, content: content}
}

// Open returns a reader of the file, from its start. Each has its own position. After
// the call, Open returns an error, and so may the readers.
func (f File) Open() (io.ReadSeekCloser, error) {
	if f.content == nil {
		return upload.InMemory("", nil).Open()
	}
	return f.content.Open()
}
