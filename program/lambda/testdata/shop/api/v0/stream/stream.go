package stream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/apiphant/apiphant"
)

// Read streams two parts, or breaks off after the first. With the path of a FIFO in wait,
// the second part comes when that was written.
func Read(ctx context.Context, request apiphant.Object, w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "text/plain")
	http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
	_, _ = io.WriteString(w, "one,")
	w.(http.Flusher).Flush()
	if request["break"] == true {
		return errors.New("broken off")
	}
	if pipe, ok := request["wait"].(string); ok {
		_, _ = os.ReadFile(pipe)
	}
	_, err := io.WriteString(w, "two")
	return err
}
