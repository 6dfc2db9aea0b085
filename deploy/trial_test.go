//go:build unix

package deploy_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/apiphant/apiphant/internal/product"
)

// trialEcho is the echo of a product whose releases differ by files of public/, which
// are a part of each release: to try another release, nothing has to be compiled.
// public/server is the name that it answers with. The program's Start fails with the
// text of public/failure, if there is one; where public/failure-at exists, it fails only
// at the address that is in there. Where public/ends-at exists, the program that serves at
// the address in there ends 3 s after its start.
const trialEcho = `package echo

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/apiphant/apiphant"
)

func Read(ctx context.Context, request apiphant.Object) (apiphant.Object, error) {
	response := request.Copy()
	response["server"] = Public("server")
	return response, nil
}

// Public returns what is in a file of the release that runs.
func Public(name string) string {
	program, err := os.Executable()
	if err != nil {
		return err.Error()
	}
	content, _ := os.ReadFile(filepath.Join(filepath.Dir(program), "public", name))
	return strings.TrimSpace(string(content))
}
`

const trialStart = `package api

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/apiphant/apiphant/rest"

	"shop/api/v0/echo"
)

func Rest() rest.Routes { return rest.Routes{"GET /words/{hello}": "v0/echo/read"} }

func Start(context.Context) error {
	if at := echo.Public("ends-at"); at != "" && strings.Contains(strings.Join(os.Args, " "), at) {
		time.AfterFunc(3*time.Second, func() {
			fmt.Println("it ends as it was told")
			os.Exit(3)
		})
	}
	failure := echo.Public("failure")
	if failure == "" || !strings.Contains(strings.Join(os.Args, " "), echo.Public("failure-at")) {
		return nil
	}
	return errors.New(failure)
}
`

// trialReport has bounds of its own, which nginx must not narrow.
const trialReport = `package report

import (
	"time"

	"github.com/apiphant/apiphant"
)

func Actions() apiphant.Actions {
	return apiphant.Actions{Read: apiphant.NoRequestWithoutContext(read).Timeout(2 * time.Minute).MaxBody(2 << 30)}
}

func read() (apiphant.Object, error) { return apiphant.Object{}, nil }
`

// makeTrial makes the product one of releases that need no compiler, and its name
// in the answers "shop".
func (m *machine) makeTrial() {
	m.t.Helper()
	write(m.t, m.file("api/v0/echo/echo.go"), trialEcho)
	write(m.t, m.file("api/v0/report/report.go"), trialReport)
	write(m.t, m.file("api/api.go"), trialStart)
	write(m.t, m.file("public/server"), "shop\n")
}

// build builds the product as apiphant deploy does, but only once from the same
// source.
func (m *machine) build(ctx context.Context, output string) error {
	source, err := sourceOf(m.product)
	if err != nil {
		return err
	}
	if m.built == nil {
		m.built = map[[sha256.Size]byte]string{}
	}
	if binary, found := m.built[source]; found {
		return os.Link(binary, output)
	}
	found, err := product.Load(m.product)
	if err != nil {
		return err
	}
	binary := fmt.Sprintf("%s-%d", m.product, len(m.built))
	if _, err := found.Build(ctx, product.BuildOptions{Output: binary}); err != nil {
		return err
	}
	m.built[source] = binary
	return os.Link(binary, output)
}

// sourceOf returns a hash of what a product is compiled from.
func sourceOf(folder string) (sum [sha256.Size]byte, err error) {
	hash := sha256.New()
	err = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") && !strings.HasPrefix(entry.Name(), "go.") {
			return err
		}
		content, err := os.ReadFile(name)
		_, _ = io.WriteString(hash, name+"\x00"+string(content)+"\x00")
		return err
	})
	return [sha256.Size]byte(hash.Sum(nil)), err
}
