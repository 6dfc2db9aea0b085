package upload_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"strings"
	"testing"

	"github.com/apiphant/apiphant/internal/upload"
)

// The bounds of a form, as they are documented.
const (
	maxParts  = 1000
	maxTexts  = 1 << 20
	maxHeader = 16 << 10
	readAhead = 8 << 10 // of a multipart.Reader, at most
)

const (
	fuzzedText = "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nsea\r\n"
	fuzzedFile = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a/b.gif\"\r\nContent-Type: image/gif\r\n\r\nGIF89a\r\n"
	fuzzedEnd  = "--b--\r\n"
)

// FuzzRead reads arbitrary forms: part is repeated between head and tail, memory has
// room for so many bytes, and the body breaks off after cut bytes. A form that is read
// is within the bounds, and has what a multipart.Reader finds in it. Nothing is left of
// any form.
func FuzzRead(f *testing.F) {
	f.Setenv("TMPDIR", f.TempDir())
	whole := uint32(1 << 30)
	f.Add(fuzzedText, fuzzedFile, fuzzedEnd, uint16(3), uint16(0), whole)
	f.Add(fuzzedFile, fuzzedText, fuzzedEnd, uint16(1000), uint16(600), whole)
	f.Add("", fuzzedFile, fuzzedEnd, uint16(1000), uint16(2000), whole)
	f.Add("--b\r\nContent-Disposition: form-data; name=text\r\n\r\n", strings.Repeat("x", 1024), "\r\n"+fuzzedEnd, uint16(1024), uint16(0), whole)
	f.Add("--b\r\nContent-Disposition: form-data; name=file\r\n\r\n", strings.Repeat("x", 1024), "\r\n"+fuzzedEnd, uint16(1025), uint16(65535), whole)
	f.Add("--b\r\nContent-Disposition: form-data; name=text\r\n", "X-A: "+strings.Repeat("x", 32)+"\r\n", "\r\n\r\n"+fuzzedEnd, uint16(1000), uint16(0), whole)
	f.Add(fuzzedText, fuzzedFile, fuzzedEnd+"what follows", uint16(2), uint16(0), uint32(len(fuzzedText+fuzzedFile)+20))
	f.Add(fuzzedText, fuzzedFile, fuzzedEnd+"what follows", uint16(1), uint16(0), uint32(len(fuzzedText+fuzzedFile+fuzzedEnd)+4))
	f.Add(fuzzedFile, "--b\r\nContent-Disposition: form-data; name=file\r\n\r\nanother\r\n", fuzzedEnd, uint16(1), uint16(0), whole)
	f.Add(fuzzedText, "--b\r\nContent-Disposition: attachment; name=x\r\n\r\n\r\n", fuzzedEnd, uint16(1), uint16(0), whole)
	f.Add("preamble\r\n", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''%2e%2e%2F\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n", fuzzedEnd, uint16(1), uint16(0), whole)
	f.Fuzz(func(t *testing.T, head, part, tail string, times, room uint16, cut uint32) {
		if int(times)*len(part) > 4<<20 {
			return
		}
		body := head + strings.Repeat(part, int(times)) + tail
		isCut := int64(cut) < int64(len(body))
		var from io.Reader = strings.NewReader(body)
		if isCut {
			from = io.MultiReader(strings.NewReader(body[:cut]), broken{})
		}
		left := int64(room)
		form, err := upload.Read(from, upload.Options{
			Boundary: "b",
			IsFile:   func(name string) bool { return name == "file" },
			Take: func(n int64) bool {
				if n > left {
					return false
				}
				left -= n
				return true
			},
		})
		var bodyError *upload.BodyError
		switch {
		case err == nil && isCut:
			t.Error("a body that broke off was read")
		case err == nil:
			wantParts(t, form, body)
			form.Close()
			wantClosed(t, form)
		case !errors.As(err, &bodyError) && !errors.Is(err, upload.ErrTooLarge):
			t.Errorf("got the error %v", err)
		}
		wantNothingLeft(t)
	})
}

// broken is the rest of a body that does not come whole.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the client has gone") }

// wantParts compares a form with what a multipart.Reader finds in the body.
func wantParts(t *testing.T, form *upload.Form, body string) {
	t.Helper()
	texts, parts := 0, form.Parts
	reader := multipart.NewReader(strings.NewReader(body), "b")
	for count := 0; ; count++ {
		from, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil || count == maxParts {
			t.Fatalf("the form was read in spite of %v at part %d", err, count)
		}
		wantSmallHeader(t, from)
		content, err := io.ReadAll(from)
		if err != nil {
			t.Fatalf("the form was read in spite of %v", err)
		}
		_, parameters, _ := mime.ParseMediaType(from.Header.Get("Content-Disposition"))
		name, fileName := parameters["name"], parameters["filename"]
		_, hasFileName := parameters["filename"]
		texts += len(name)
		if name != "file" && !hasFileName {
			texts += len(content)
		}
		if name == "file" && len(content) == 0 && (len(parts) == 0 || !parts[0].IsFile || parts[0].Content == nil || parts[0].Content.Size > 0 || parts[0].FileName != fileName) {
			continue // no file was chosen
		}
		if len(parts) == 0 {
			t.Fatalf("the part %q is missing", name)
		}
		wantPart(t, parts[0], name, content, hasFileName)
		parts = parts[1:]
	}
	if len(parts) > 0 {
		t.Errorf("the form has %d parts that the body has not", len(parts))
	}
	if texts > maxTexts {
		t.Errorf("the texts have %d bytes", texts)
	}
}

func wantSmallHeader(t *testing.T, part *multipart.Part) {
	t.Helper()
	bytes := 0
	for name, values := range part.Header {
		for _, value := range values {
			bytes += len(name) + len(value)
		}
	}
	if bytes > maxHeader+readAhead {
		t.Errorf("the headers of a part have %d bytes", bytes)
	}
}

func wantPart(t *testing.T, part upload.Part, name string, content []byte, hasFileName bool) {
	t.Helper()
	switch {
	case part.Name != name || part.IsFile != (name == "file" || hasFileName):
		t.Errorf("got %+v for %q", part, name)
	case name != "file":
		if !hasFileName && part.Text != string(content) {
			t.Errorf("the text of %q is %q, want %q", name, part.Text, content)
		}
	case strings.ContainsAny(part.FileName, "/\\\r\n\x00"):
		t.Errorf("a file is called %q", part.FileName)
	default:
		file, err := part.Content.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, content) || part.Content.Size != int64(len(content)) {
			t.Errorf("the file has %d bytes, %v, and the size %d; want %d", len(got), err, part.Content.Size, len(content))
		}
	}
}

func wantClosed(t *testing.T, form *upload.Form) {
	t.Helper()
	for _, part := range form.Parts {
		if part.Content == nil {
			continue
		}
		if _, err := part.Content.Open(); !errors.Is(err, upload.ErrClosed) {
			t.Errorf("a file of a closed form is opened with %v", err)
		}
	}
}

// wantNothingLeft fails if there is a temporary file, with or without a name.
func wantNothingLeft(t *testing.T) {
	t.Helper()
	folder := os.TempDir()
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("%d temporary files are left, %v", len(entries), err)
	}
	descriptors, _ := os.ReadDir("/proc/self/fd") // Linux alone has it
	for _, descriptor := range descriptors {
		if name, _ := os.Readlink("/proc/self/fd/" + descriptor.Name()); strings.HasPrefix(name, folder+"/apiphant-") {
			t.Errorf("%s is still open", name)
		}
	}
}
