package apiphant_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/nethttp"
)

type photo struct {
	Title string          `json:"title" required:"true"`
	Count int             `json:"count" minimum:"1" default:"7"`
	Tags  []string        `json:"tags" maxItems:"3"`
	Where *where          `json:"where"`
	File  apiphant.File   `json:"file" required:"true" maxLength:"3000000" contentType:"image/png, text/csv"`
	More  []apiphant.File `json:"more" maxItems:"2" items:"maxLength=3,contentType=text/*"`
	Spare *apiphant.File  `json:"spare"`
}

type where struct {
	X float64 `json:"x" required:"true"`
}

// aPart is a part of a form.
type aPart struct {
	name, fileName, contentType string
	content                     string
}

func formOf(parts ...aPart) (contentType string, body []byte) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, p := range parts {
		header := textproto.MIMEHeader{}
		disposition := fmt.Sprintf("form-data; name=%q", p.name)
		if p.fileName != "" {
			disposition += fmt.Sprintf("; filename=%q", strings.TrimPrefix(p.fileName, "empty:"))
		}
		header.Set("Content-Disposition", disposition)
		if p.contentType != "" {
			header.Set("Content-Type", p.contentType)
		}
		part, _ := w.CreatePart(header)
		_, _ = io.WriteString(part, p.content)
	}
	_ = w.Close()
	return w.FormDataContentType(), out.Bytes()
}

const png = "\x89PNG\x0D\x0A\x1A\x0A"

// photos serves a function that says what it was given.
func photos(strict bool) *apiphant.API {
	api := &apiphant.API{Strict: strict}
	api.Handle("v0/photos", apiphant.Actions{Create: apiphant.Func(func(_ context.Context, p photo) (apiphant.Object, error) {
		file, err := p.File.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(file)
		if err != nil {
			return nil, err
		}
		return apiphant.Object{
			"title": p.Title, "count": p.Count, "tags": p.Tags, "where": p.Where, "more": p.More, "spare": p.Spare,
			"file": p.File, "length": len(content), "begins": string(content[1:min(len(content), 4)]),
		}, nil
	})})
	return api
}

func TestFiles(t *testing.T) {
	file := aPart{"file", `C:\dir\..\a.png`, "image/x", png + "rest"}
	title := aPart{"title", "", "", "Sea"}
	const given = `"file":{"Name":"a.png","ContentType":"image/x","Detected":"image/png","Size":12}`
	tests := []struct {
		name   string
		strict bool
		parts  []aPart
		want   string // what the answer has
	}{
		{"a file and text", false, []aPart{title, file},
			`200 {"begins":"PNG","count":7,` + given + `,"length":12,"more":[],"spare":null,"tags":[],"title":"Sea","where":null}`},
		{"text by its type", false, []aPart{title, file, {"count", "", "", "3"}, {"tags", "", "", "a"}, {"tags", "", "", "b"}},
			`200 {"begins":"PNG","count":3,` + given + `,"length":12,"more":[],"spare":null,"tags":["a","b"],"title":"Sea","where":null}`},
		{"JSON", false, []aPart{title, file, {"where", "", "application/json; charset=utf-8", `{"x":1.5}`}, {"tags", "", "application/json", `["a"]`}},
			`200 {"begins":"PNG","count":7,` + given + `,"length":12,"more":[],"spare":null,"tags":["a"],"title":"Sea","where":{"x":1.5}}`},
		{"several files", false, []aPart{title, file, {"more", "b", "", "b"}, {"more", "../c", "", "cc"}, {"spare", "s", "", ""}},
			`200 {"begins":"PNG","count":7,` + given + `,"length":12,"more":[{"Name":"b","ContentType":"","Detected":"text/plain; charset=utf-8","Size":1},` +
				`{"Name":"c","ContentType":"","Detected":"text/plain; charset=utf-8","Size":2}],"spare":{"Name":"s","ContentType":"","Detected":"text/plain; charset=utf-8","Size":0},"tags":[],"title":"Sea","where":null}`},
		{"a type that can't be detected", false, []aPart{title, {"file", "a.csv", "text/csv; charset=utf-8", "a,b"}}, `200 {"begins":",b",`},
		{"a file without a name", false, []aPart{title, {"file", "", "", png}}, `200 {"begins":"PNG",`},
		{"a file that was not chosen", false, []aPart{title, {"file", "empty:", "application/octet-stream", ""}}, `400 {"error":{"field":"file","state":"missing"}}`},
		{"no file, no title", false, []aPart{{"count", "", "", "0"}},
			`400 {"error":{"field":"title","state":"missing"},"errors":[{"field":"title","state":"missing"},{"field":"count","state":"invalid","explain":{"minimum":1}},{"field":"file","state":"missing"}]}`},
		{"another type under the right name", false, []aPart{title, {"file", "a.png", "image/png", "<html><script>"}},
			`400 {"error":{"field":"file","state":"invalid","explain":{"contentType":["image/png","text/csv"]}}}`},
		{"text that is called a picture", false, []aPart{title, {"file", "a.png", "image/png", "text"}},
			`400 {"error":{"field":"file","state":"invalid","explain":{"contentType":["image/png","text/csv"]}}}`},
		{"HTML that is called CSV", false, []aPart{title, {"file", "a.csv", "text/csv", "<html><script>"}},
			`400 {"error":{"field":"file","state":"invalid","explain":{"contentType":["image/png","text/csv"]}}}`},
		{"a file that is too large", false, []aPart{title, {"file", "a.png", "", png + strings.Repeat("x", 3_000_000)}},
			`400 {"error":{"field":"file","state":"invalid","explain":{"maxLength":3000000}}}`},
		{"one of several too large", false, []aPart{title, file, {"more", "b", "", "b"}, {"more", "c", "", "cccc"}},
			`400 {"error":{"field":"more[1]","state":"invalid","explain":{"maxLength":3}}}`},
		{"too many", false, []aPart{title, file, {"more", "b", "", "b"}, {"more", "b", "", "b"}, {"more", "b", "", "b"}},
			`400 {"error":{"field":"more","state":"invalid","explain":{"maxItems":2}}}`},
		{"a file for text", false, []aPart{{"title", "a", "", "Sea"}, file}, `400 {"error":{"field":"title","state":"invalid","explain":{"type":"string"}}}`},
		{"JSON for a file", false, []aPart{title, {"file", "", "application/json", `{"Name":"x"}`}}, `400 {"error":{"field":"file","state":"invalid","explain":{"contentType"`},
		{"JSON that is none", false, []aPart{title, file, {"where", "", "application/json", `1,"title":"forged"`}}, `400 {"error":{"field":"where","state":"invalid"}}`},
		{"the last counts", false, []aPart{title, {"title", "", "", "Lake"}, {"file", "b", "", "GIF89a"}, file}, `200 {"begins":"PNG","count":7,` + given + `,"length":12,"more":[],"spare":null,"tags":[],"title":"Lake","where":null}`},
		{"unknown parts", false, []aPart{title, file, {"other", "x", "", "x"}, {"else", "", "", "x"}}, `200 {"begins":"PNG",`},
		{"unknown parts, strict", true, []aPart{title, file, {"other", "x", "", "x"}, {"else", "", "", "x"}},
			`400 {"error":{"field":"else","state":"unknown"},"errors":[{"field":"else","state":"unknown"},{"field":"other","state":"unknown"}]}`},
		{"twice, strict", true, []aPart{title, title, file, file}, `400 {"error":{"field":"title","state":"duplicate"},"errors":[{"field":"title","state":"duplicate"},{"field":"file","state":"duplicate"}]}`},
		{"invalid UTF-8", false, []aPart{{"title", "", "", "\xff"}, file}, `400 {"error":{"field":"title","state":"invalid"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			contentType, body := formOf(test.parts...)
			got := postForm(photos(test.strict), contentType, body)
			if !strings.HasPrefix(got, test.want) {
				t.Errorf("got  %.600s\nwant %s", got, test.want)
			}
		})
	}
}

// postForm returns the status and the body of the answer.
func postForm(api *apiphant.API, contentType string, body []byte) string {
	r := httptest.NewRequest(http.MethodPost, "/api/v0/photos/create", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	nethttp.Handler(api).ServeHTTP(w, r)
	return fmt.Sprint(w.Code, " ", w.Body)
}

func TestFormsThatAreNone(t *testing.T) {
	contentType, whole := formOf(aPart{"title", "", "", "Sea"}, aPart{"file", "a", "", png})
	many := make([]aPart, 1001)
	for i := range many {
		many[i] = aPart{"tags", "", "", ""}
	}
	manyType, manyParts := formOf(many...)
	largeType, largeText := formOf(aPart{"title", "", "", strings.Repeat("x", 1<<20)})
	headerType, largeHeader := formOf(aPart{"title", "", strings.Repeat("x", 40<<10), "Sea"})
	noNameType, noName := formOf(aPart{"", "", "", "Sea"})
	for name, test := range map[string]struct {
		contentType string
		body        []byte
		want        int
	}{
		"whole":                   {contentType, whole, 200},
		"something behind it":     {contentType, append(bytes.Clone(whole), "epilogue"...), 200},
		"JSON":                    {"application/json", []byte(`{"title":"Sea"}`), 415},
		"nothing":                 {"", nil, 415},
		"an encoded form":         {"application/x-www-form-urlencoded", []byte(`title=Sea`), 415},
		"no boundary":             {"multipart/form-data", whole, 400},
		"a long boundary":         {"multipart/form-data; boundary=" + strings.Repeat("x", 71), whole, 400},
		"another boundary":        {"multipart/form-data; boundary=other", whole, 400},
		"no parts":                {contentType, nil, 400},
		"too many parts":          {manyType, manyParts, 413},
		"too much text":           {largeType, largeText, 413},
		"too long a header":       {headerType, largeHeader, 413},
		"a part without a name":   {noNameType, noName, 400},
		"a beginning without end": {contentType, bytes.Repeat([]byte("x"), 40<<10), 400},
		"a line without end":      {contentType, append(bytes.Clone(whole[:62]), bytes.Repeat([]byte("\r\nA: b"), 10_000)...), 413},
	} {
		if got := postForm(photos(false), test.contentType, test.body); !strings.HasPrefix(got, fmt.Sprint(test.want)) {
			t.Errorf("%s: got %.300s, want %d", name, got, test.want)
		}
	}
	for cut := range len(whole) - 2 { // the last line break may be missing
		if got := postForm(photos(false), contentType, whole[:cut]); !strings.HasPrefix(got, "400") {
			t.Errorf("cut after %d of %d bytes: got %s, want 400", cut, len(whole), got)
		}
	}
}

// TestFilesEndWithTheCall, however it ends, in memory and on disk.
func TestFilesEndWithTheCall(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	large := bytes.Repeat([]byte("0123456789"), 300_000)
	for name, end := range map[string]func(){"return": func() {}, "panic": func() { panic("on purpose") }, "Goexit": runtime.Goexit} {
		var kept []apiphant.File
		var readers []io.ReadSeekCloser
		descriptors := 0
		api := &apiphant.API{}
		api.Handle("v0/photos", apiphant.Actions{Create: apiphant.Proc(func(_ context.Context, p struct {
			Files []apiphant.File `json:"files"`
		}) error {
			kept, descriptors = p.Files, openFiles()
			for i, f := range p.Files {
				r, err := f.Open()
				if err != nil {
					return err
				}
				readers = append(readers, r)
				if content, err := io.ReadAll(r); err != nil || int64(len(content)) != f.Size || !bytes.HasPrefix(content, []byte{byte('a' + i)}) {
					return fmt.Errorf("read %d bytes of %d and %w", len(content), f.Size, err)
				}
				if _, err := r.Seek(-1, io.SeekEnd); err != nil {
					return err
				}
			}
			end()
			return nil
		})})
		contentType, body := formOf(aPart{"files", "a", "", "a small"}, aPart{"files", "b", "", "b" + string(large)}, aPart{"files", "c", "", "c" + string(large)}, aPart{"files", "d", "", "d small"})
		before := openFiles()
		done := make(chan string, 1)
		go func() {
			defer func() { done <- "" }()
			done <- postForm(api, contentType, body)
		}()
		got := within(t, "the answer", done)
		if name == "return" && got != "200 {}" || len(kept) != 4 {
			t.Errorf("%s: got %s, and %d files", name, got, len(kept))
		}
		if before >= 0 && descriptors != before+1 {
			t.Errorf("%s: %d descriptors while it ran and %d before, want one more", name, descriptors, before)
		}
		if after := openFiles(); after != before {
			t.Errorf("%s: %d descriptors after the call and %d before", name, after, before)
		}
		for _, f := range kept {
			if _, err := f.Open(); err == nil {
				t.Errorf("%s: %s can be opened after its call", name, f.Name)
			}
		}
		if len(readers) == 4 {
			if _, err := readers[1].Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: a reader of a large file returns %v after the call", name, err)
			}
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("%s: %d files are left", name, len(left))
		}
	}
}

// TestFilesWithoutDescriptors: a form whose files would need a descriptor that the process
// may not have is refused for now. Nothing else runs meanwhile.
func TestFilesWithoutDescriptors(t *testing.T) {
	api := &apiphant.API{}
	api.Handle("v0/photos", apiphant.Actions{Create: apiphant.Proc(func(context.Context, struct {
		File apiphant.File `json:"file"`
	}) error {
		return nil
	})})
	contentType, body := formOf(aPart{"file", "a", "", strings.Repeat("x", 2<<20)})
	restore := withoutDescriptors(t)
	got := postForm(api, contentType, body)
	restore()
	if want := `503 {"error":"503 Service Unavailable"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := postForm(api, contentType, body); got != "200 {}" {
		t.Errorf("with descriptors: got %s", got)
	}
}

// openFiles returns how many descriptors the process has; -1: the system does not say.
func openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(list)
}

func TestFilesThatCanNotBe(t *testing.T) {
	type inner struct{ F apiphant.File }
	for want, action := range map[string]apiphant.Action{
		"can only be a field of the request itself": apiphant.Proc(func(context.Context, struct{ A []inner }) error { return nil }),
		"itself, or in a list":                      apiphant.Proc(func(context.Context, struct{ A map[string]apiphant.File }) error { return nil }),
		"of the request itself":                     apiphant.Proc(func(context.Context, struct{ A [][]apiphant.File }) error { return nil }),
		`tag pattern:"x"`: apiphant.Proc(func(context.Context, struct {
			A apiphant.File `pattern:"x"`
		}) error {
			return nil
		}),
		`tag contentType:"png"`: apiphant.Proc(func(context.Context, struct {
			A apiphant.File `contentType:"png"`
		}) error {
			return nil
		}),
		`tag contentType:"image/png": a rule for files`: apiphant.Proc(func(context.Context, struct {
			A string `contentType:"image/png"`
		}) error {
			return nil
		}),
		`tag uniqueItems:"true"`: apiphant.Proc(func(context.Context, struct {
			A []apiphant.File `uniqueItems:"true"`
		}) error {
			return nil
		}),
	} {
		api := &apiphant.API{}
		api.Handle("v0/it", apiphant.Actions{Read: action})
		if err := api.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestNewFile(t *testing.T) {
	f := apiphant.NewFile("a.png", "image/x", []byte(png))
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if string(content) != png || err != nil || f.Size != 8 || f.Detected != "image/png" || f.ContentType != "image/x" || r.Close() != nil {
		t.Errorf("got %q, %v, %+v", content, err, f)
	}
	if r, err := (apiphant.File{}).Open(); err != nil {
		t.Error(err)
	} else if content, err := io.ReadAll(r); len(content) > 0 || err != nil {
		t.Errorf("the zero File has %q, %v", content, err)
	}
	if text, err := json.Marshal(f); err != nil || !strings.Contains(string(text), `"Name":"a.png"`) {
		t.Errorf("as JSON: %s, %v", text, err)
	}
}
