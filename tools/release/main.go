// Command release builds the archives of a release of apiphant from a commit.
//
//	go run ./release -o ../dist
//
// The commands are built from the commit's module, as a module proxy would serve
// it, and not from the checkout: a binary that was built so knows its version and
// the hash of its source, which it writes into the go.mod of a new product. From
// the same commit and the same Go, the same files come out, to the byte.
//
// ADR 27 says why this is not goreleaser.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	output := flags.String("o", "dist", "the `folder` to write to; it must be empty or missing")
	checkout := flags.String("C", "..", "the `folder` of the checkout")
	toolchain := flags.String("toolchain", "local", "the `version` of Go to build with, such as go1.26.11")
	revision := flags.String("revision", "HEAD", "the `commit` or tag to build")
	only := flags.String("only", "", "build for this `system/processor` alone, to try it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if entries, _ := os.ReadDir(*output); len(entries) > 0 {
		return fmt.Errorf("%s has %s in it: remove the folder first", *output, entries[0].Name())
	}
	if err := os.MkdirAll(*output, 0o755); err != nil {
		return err
	}
	folder, err := filepath.Abs(*output)
	if err != nil {
		return err
	}
	source, err := readSource(ctx, *checkout, *revision)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "apiphant-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	builder, err := newBuilder(ctx, source, temp, *toolchain)
	if err != nil {
		return err
	}
	for _, target := range targets {
		if *only != "" && *only != target.String() {
			continue
		}
		log.Printf("%s for %s, commit %.12s, by %s", source.version, target, source.commit, builder.goVersion)
		if err := release(ctx, builder, target, folder); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
	}
	return writeChecksums(folder)
}

// release builds the commands for a target, and writes their archive and what is
// in it beside it.
func release(ctx context.Context, builder *builder, target target, folder string) error {
	binaries, err := builder.build(ctx, target)
	if err != nil {
		return err
	}
	info, err := readInfo(binaries)
	if err != nil {
		return err
	}
	files := []file{}
	for _, binary := range binaries {
		files = append(files, file{name: filepath.Base(binary), from: binary, mode: 0o755})
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"} {
		files = append(files, file{name: name, from: filepath.Join(builder.moduleFolder(), name), mode: 0o644})
	}
	licenses, err := builder.licenses(info)
	if err != nil {
		return err
	}
	files = append(files, file{name: "THIRD-PARTY-LICENSES", content: licenses, mode: 0o644})

	name := fmt.Sprintf("apiphant_%s_%s_%s", builder.source.version[1:], target.system, target.processor)
	if err := writeArchive(filepath.Join(folder, name+".tar.gz"), name, files, builder.source.time); err != nil {
		return err
	}
	return writeBOM(filepath.Join(folder, name+".cdx.json"), newBOM(builder.source, target, info))
}
