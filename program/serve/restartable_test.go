package serve_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/program/serve"
)

// patienceEnv is how long a product of the tests of restarts waits for its successor.
const patienceEnv = "APIPHANT_TEST_PATIENCE"

// largeAnswer is how many bytes v0/large answers, of which the first half comes
// at once, and the other half never.
const largeAnswer = 1 << 20

// restartable is the product that the tests of restarts start as processes.
func restartable() program.Product {
	product := echo(nil)
	release, _ := os.Readlink(os.Args[0]) // by which it was started: see release
	version := filepath.Base(filepath.Dir(release))
	product.API.Handle("v0/version", apiphant.Actions{
		Read: apiphant.Func(func(context.Context, apiphant.Object) (apiphant.Object, error) {
			return apiphant.Object{"version": version}, nil
		}),
	})
	half := func(length string) apiphant.Action {
		return apiphant.Raw(func(w http.ResponseWriter, r *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			_, _ = w.Write([]byte(strings.Repeat("x", largeAnswer/2)))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
	}
	product.API.Handle("v0/large", apiphant.Actions{Read: half(strconv.Itoa(largeAnswer)), Create: half("")})
	product.API.Handle("v0/talk", apiphant.Actions{Read: apiphant.Proc(talk)})
	product.API.Start = starts[os.Getenv(startEnv)]
	if os.Getenv(startEnv) == "own log" {
		ownLog()
	}
	if d, err := time.ParseDuration(os.Getenv(patienceEnv)); err == nil {
		product.Doors = []program.Door{serve.Hurry(d)}
	}
	return product
}
