package apitest

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"github.com/apiphant/apiphant"
)

// Form is a request with files, which is sent as multipart/form-data:
//
//	server.Test("photos", "create", apitest.Form{
//		"title": "Sea",
//		"file":  apiphant.NewFile("sea.png", "image/png", png),
//	}, 200, nil)
//
// An apiphant.File, and each of an []apiphant.File, is a file. A string is sent as text,
// and any other value as a part of application/json.
type Form map[string]any

// body is what is sent of a request.
type body struct {
	content     []byte
	contentType string // unless Client.Header has one
	shown       string // in the line that is printed
}

// bodyOf returns what is sent of a request.
func bodyOf(request any) (body, error) {
	if form, ok := request.(Form); ok {
		return form.body()
	}
	content, err := text(request)
	if err != nil {
		return body{}, fmt.Errorf("the request of type %T is no JSON: %w", request, err)
	}
	return body{content, "application/json", string(content)}, nil
}

func (f Form) body() (body, error) {
	var content bytes.Buffer
	writer := multipart.NewWriter(&content)
	names := slices.Sorted(maps.Keys(f))
	for _, name := range names {
		if err := addPart(writer, name, f[name]); err != nil {
			return body{}, fmt.Errorf("%q of the form: %w", name, err)
		}
	}
	if err := writer.Close(); err != nil {
		return body{}, err
	}
	shown := fmt.Sprintf("(a form of %d bytes: %s)", content.Len(), strings.Join(names, ", "))
	return body{content.Bytes(), writer.FormDataContentType(), shown}, nil
}

// addPart adds the parts of a value.
func addPart(to *multipart.Writer, name string, value any) error {
	switch value := value.(type) {
	case apiphant.File:
		return addFile(to, name, value)
	case []apiphant.File:
		for _, file := range value {
			if err := addFile(to, name, file); err != nil {
				return err
			}
		}
		return nil
	case string:
		return to.WriteField(name, value)
	}
	content, err := text(value)
	if err != nil {
		return err
	}
	disposition := strings.TrimSuffix(multipart.FileContentDisposition(name, ""), `; filename=""`)
	part, err := to.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}, "Content-Type": {"application/json"}})
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	return err
}

func addFile(to *multipart.Writer, name string, file apiphant.File) error {
	header := textproto.MIMEHeader{"Content-Disposition": {multipart.FileContentDisposition(name, file.Name)}}
	if file.ContentType != "" {
		header.Set("Content-Type", file.ContentType)
	}
	part, err := to.CreatePart(header)
	if err != nil {
		return err
	}
	opened, err := file.Open()
	if err != nil {
		return err
	}
	defer opened.Close()
	_, err = io.Copy(part, opened)
	return err
}
