package program_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/apiphant/apiphant/program"
	"github.com/apiphant/apiphant/server"
)

func access() *server.Access {
	return &server.Access{
		Time: time.Now(), Method: []byte("POST"), Path: []byte("/api/v0/echo/read"), Status: 200, Sent: 17, Received: 17,
		Duration: 23456 * time.Nanosecond, RequestID: []byte("3b016ad3f34bc30a44d45e8eab8a40b7"),
		RemoteAddr: netip.MustParseAddrPort("127.0.0.1:54321"), UserAgent: []byte("curl/8.5.0"),
	}
}

// BenchmarkAccessLine writes lines of the access log to a file: as zap writes
// any line, and the way that they have of their own.
func BenchmarkAccessLine(b *testing.B) {
	for _, form := range []string{program.LogText, program.LogJSON} {
		b.Run(form+"/zap", func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "log"))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			log, a := program.NewLog(form, file).WithOptions(zap.WithCaller(false)), access()
			b.ReportAllocs()
			for b.Loop() {
				log.Info("access", zap.ByteString("method", a.Method), zap.ByteString("path", a.Path), zap.Int("status", a.Status),
					zap.Int64("bytes", a.Sent), zap.Duration("duration", a.Duration), zap.ByteString("request_id", a.RequestID),
					zap.String("remote_addr", a.RemoteAddr.String()))
			}
		})
		b.Run(form+"/own", func(b *testing.B) {
			logs, err := program.OpenLog(form, filepath.Join(b.TempDir(), "log"), os.Stderr)
			if err != nil {
				b.Fatal(err)
			}
			defer logs.Close()
			write, a := logs.AccessLog(), access()
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				write(a)
				if n%250 == 0 { // what nobody could write in time would cost nothing
					_ = logs.Sync()
				}
			}
			if lost := logs.Lost(); lost > 0 {
				b.Errorf("%d of %d lines were lost", lost, b.N)
			}
		})
	}
}
