package doortest

import (
	"context"
	"io"

	"github.com/apiphant/apiphant"
)

// upload is a request with files.
type upload struct {
	Title string          `json:"title" required:"true"`
	Sizes []int           `json:"sizes"`
	File  apiphant.File   `json:"file" required:"true" maxLength:"20" contentType:"image/png,text/csv"`
	More  []apiphant.File `json:"more" maxItems:"2"`
}

// addFiles adds functions that take files.
func addFiles(read func(string, apiphant.Action)) {
	answer := apiphant.Func(func(_ context.Context, request upload) (apiphant.Object, error) {
		content, err := contentOf(request.File)
		if err != nil {
			return nil, err
		}
		more := []string{}
		for _, file := range request.More {
			text, err := contentOf(file)
			if err != nil {
				return nil, err
			}
			more = append(more, file.Name+" "+text)
		}
		return apiphant.Object{
			"title": request.Title, "sizes": request.Sizes, "more": more, "name": request.File.Name, "content": content,
			"contentType": request.File.ContentType, "detected": request.File.Detected, "size": request.File.Size,
		}, nil
	})
	read("v0/files/answer", answer)
	read("v0/files/small", answer.MaxBody(400))
}

func contentOf(file apiphant.File) (string, error) {
	opened, err := file.Open()
	if err != nil {
		return "", err
	}
	defer opened.Close()
	content, err := io.ReadAll(opened)
	return string(content), err
}
