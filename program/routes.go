package program

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/apiphant/apiphant"
	"github.com/apiphant/apiphant/internal/command"
)

func (p Product) routesCommand() *cobra.Command {
	asJSON, failOnAnyone := false, false
	routes := &cobra.Command{
		Use:   "routes",
		Short: "Print what is served, and by which function",
		Long: `Print every route with its method, who may call it, the function that serves it, and
the file and line of that, and below it the further addresses that the function has. The
method * stands for any: the function reads the request itself and decides. Who may call
it is what middlewares ask for: permissions such as orders:read, "a user", or "anyone"
where none has asked.

With --json: a list of objects with method, path, version, target, action,
addresses (a list of objects with method and pattern), access (a list of what callers
need; empty: anyone may call), function, type, request and response (the names of their types, empty where the
function reads or writes them itself, or has none), files (whether the request is
multipart/form-data, with files), streams (whether the answer is sent while the
function runs), the bounds that the action has of its own (max_body
in bytes, timeout such as "2m0s" or "none", max_running; 0 and "" where it has
none), comment, file and line.`,
		Example: "  " + p.Name + " routes\n  " + p.Name + " routes --json | jq -r '.[].path'",
		Args:    command.Arguments(),
		RunE: func(running *cobra.Command, _ []string) error {
			if err := p.API.Check(); err != nil {
				return err
			}
			write := writeRoutes
			if asJSON {
				write = writeRoutesJSON
			}
			if err := write(running.OutOrStdout(), p.API.Routes()); err != nil || !failOnAnyone {
				return err
			}
			return failureOnAnyone(p.API.Routes())
		},
	}
	routes.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	routes.Flags().BoolVar(&failOnAnyone, "fail-on-anyone", false, "exit with 1 if anyone may call a route, and name it")
	command.ShowEnvironment(routes.Flags())
	return routes
}

func method(route *apiphant.Endpoint) string {
	if route.RawRequest {
		return "*" // the function decides
	}
	return strings.Join(route.Methods, ",")
}

func writeRoutes(w io.Writer, routes []*apiphant.Endpoint) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, route := range routes {
		row := func(method, path string) {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s:%d\n", method, path, access(route), route.Source.Function, fromHere(route.Source.File), route.Source.Line)
		}
		row(method(route), route.Path())
		for _, address := range route.Addresses {
			row(address.Method, address.Pattern)
		}
	}
	return table.Flush()
}

// access says who may call a route.
func access(route *apiphant.Endpoint) string {
	if len(route.Access) == 0 {
		return "anyone"
	}
	return strings.Join(route.Access, ", ")
}

// failureOnAnyone returns an error that names the routes that anyone may call.
func failureOnAnyone(routes []*apiphant.Endpoint) error {
	var open []string
	for _, route := range routes {
		if len(route.Access) == 0 {
			open = append(open, route.Path())
		}
	}
	if open == nil {
		return nil
	}
	return fmt.Errorf("anyone may call %s: let a middleware ask for more, such as auth.Require", strings.Join(open, ", "))
}

// fromHere returns the path of a file relative to the working directory, if it
// is below that.
func fromHere(file string) string {
	here, err := os.Getwd()
	if err != nil {
		return file
	}
	if short, err := filepath.Rel(here, file); err == nil && filepath.IsLocal(short) {
		return short
	}
	return file
}

func writeRoutesJSON(w io.Writer, routes []*apiphant.Endpoint) error {
	type address struct {
		Method  string `json:"method"`
		Pattern string `json:"pattern"`
	}
	type route struct {
		Method  string `json:"method"`
		Path    string `json:"path"`
		Version string `json:"version"`
		Target  string `json:"target"`
		Action  string `json:"action"`

		Addresses []address `json:"addresses"`
		Access    []string  `json:"access"`

		Function string `json:"function"`
		Type     string `json:"type"`
		Request  string `json:"request"`
		Response string `json:"response"`
		Files    bool   `json:"files"`
		Streams  bool   `json:"streams"`

		MaxBody    int64  `json:"max_body"`
		Timeout    string `json:"timeout"`
		MaxRunning int    `json:"max_running"`

		Comment string `json:"comment"`
		File    string `json:"file"`
		Line    int    `json:"line"`
	}
	list := make([]route, 0, len(routes))
	for _, r := range routes {
		addresses := []address{}
		for _, a := range r.Addresses {
			addresses = append(addresses, address{a.Method, a.Pattern})
		}
		list = append(list, route{
			Method: method(r), Path: r.Path(), Version: r.Version, Target: r.Target, Action: r.Action,
			Addresses: addresses, Access: append([]string{}, r.Access...),
			Function: r.Source.Function, Type: r.Signature,
			Request: typeName(r.Request), Response: typeName(r.Response), Files: r.Files, Streams: r.Streams,
			MaxBody: r.MaxBody, Timeout: timeoutText(r.Timeout), MaxRunning: r.MaxRunning,
			Comment: r.Comment, File: r.Source.File, Line: r.Source.Line,
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}

// timeoutText returns the timeout that an action has of its own.
func timeoutText(timeout time.Duration) string {
	switch {
	case timeout == 0:
		return ""
	case timeout < 0:
		return "none"
	}
	return timeout.String()
}

func typeName(t reflect.Type) string {
	if t == nil {
		return ""
	}
	return t.String()
}
