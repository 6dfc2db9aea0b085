package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

const pageHeader = `# Reliability

Measurements of a product that is served by the built program in a process of its own. Everything is observed from outside, over sockets of this machine. Written by ` + "`%s`" + `; ` + "`make reliability`" + ` does it again. Measured with %s, %s/%s, Linux %s, %d cores, server and load on the same ones.

` + "`make fuzz`" + ` compares the decoder with ` + "`encoding/json`" + ` on random documents and Go types, and how the server and net/http divide streams of bytes into requests.
`

// renderPage returns the page in Markdown. It has no date; git has.
func renderPage(command string, sections []section) string {
	var page strings.Builder
	fmt.Fprintf(&page, pageHeader, strings.TrimSpace(command), runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel(), runtime.NumCPU())
	for _, s := range sections {
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n| | Bar | Measured | |\n|---|---|---|---|\n", s.title, s.about)
		for _, r := range s.rows {
			mark := "met"
			if !r.met {
				mark = "**missed**"
			}
			fmt.Fprintf(&page, "| %s | %s | %s | %s |\n", cell(r.what), cell(r.bar), cell(r.measured), mark)
		}
	}
	return page.String()
}

// cell escapes a text for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\r", "", "\n", " ").Replace(text)
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown"
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
	return version
}
