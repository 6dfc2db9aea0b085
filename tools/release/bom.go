package main

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"strings"
	"time"
)

// bom is a list of what is linked into the binaries, in CycloneDX 1.6
// (https://cyclonedx.org/docs/1.6/json/), as far as Go's build information has it.
type bom struct {
	Schema      string      `json:"$schema"`
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp time.Time `json:"timestamp"` // the commit's
	Component component `json:"component"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func newBOM(source source, target target, info *buildinfo.BuildInfo) bom {
	main := newComponent("application", modulePath, source.version, "?goos="+target.system+"&goarch="+target.processor)
	main.Properties = []property{{"vcs.revision", source.commit}, {"go.sum", info.Main.Sum}}
	b := bom{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata:   metadata{source.time, main},
		Components: []component{newComponent("library", "std", strings.TrimPrefix(info.GoVersion, "go"), "")},
	}
	for _, dep := range info.Deps {
		library := newComponent("library", dep.Path, dep.Version, "")
		library.Properties = []property{{"go.sum", dep.Sum}}
		b.Components = append(b.Components, library)
	}
	return b
}

func newComponent(kind, path, version, qualifiers string) component {
	purl := "pkg:golang/" + path + "@" + version + qualifiers
	return component{Type: kind, Ref: purl, Name: path, Version: version, PURL: purl}
}

func writeBOM(file string, b bom) error {
	content, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o644)
}
