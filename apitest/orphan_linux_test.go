package apitest_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/apiphant/apiphant/apitest"
)

// TestStartLeavesNoOrphan kills a test that serves a product: the product must
// end too.
func TestStartLeavesNoOrphan(t *testing.T) {
	const variable = "APITEST_SERVES_AND_WAITS"
	if os.Getenv(variable) != "" {
		server := apitest.Start(t, myproduct)
		os.Stderr.WriteString(server.URL + "\n")
		_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), variable+"=1")
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stderr, err := child.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stderr).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(strings.TrimSpace(line), "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = conn.Read(make([]byte, 1)) // returns when the product ends
	if again, err := net.Dial("tcp", address); err == nil {
		again.Close()
		t.Fatalf("the product still serves at %s", address)
	}
}
