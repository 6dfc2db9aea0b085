package deploy

import (
	archive "archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/apiphant/apiphant/internal/wholefile"
)

// maxLambda is how large the files in a zip may be together, in bytes, for Lambda to
// unpack it.
const maxLambda = 250 << 20

// WriteLambda writes a built program as what AWS Lambda takes for the runtime
// provided.al2023: a zip, output, in which it is the executable file bootstrap. The same
// program gives the same bytes: the zip has no times of its own.
func WriteLambda(binary, output string) error {
	program, err := os.Open(binary)
	if err != nil {
		return err
	}
	defer program.Close()
	if info, err := program.Stat(); err != nil {
		return err
	} else if info.Size() > maxLambda {
		return fmt.Errorf("the program has %d MiB: Lambda takes no more than %d unpacked; leave large files out of what it embeds", info.Size()>>20, maxLambda>>20)
	}
	return wholefile.Write(output, 0o644, func(to io.Writer) error { return writeBootstrap(to, program) })
}

func writeBootstrap(to io.Writer, program io.Reader) error {
	made := archive.NewWriter(to)
	made.RegisterCompressor(archive.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := &archive.FileHeader{Name: "bootstrap", Method: archive.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(fs.FileMode(0o755))
	file, err := made.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, program); err != nil {
		return err
	}
	return made.Close()
}
