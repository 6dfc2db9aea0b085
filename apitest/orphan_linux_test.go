package apitest_test

import (
	"bufio"
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
		time.Sleep(time.Minute)
		return
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), variable+"=1")
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
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatalf("the product still serves at %s", address)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
