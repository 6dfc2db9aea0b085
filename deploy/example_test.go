package deploy_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/apiphant/apiphant/deploy"
)

// apiphant new shop
func ExampleNew() {
	parent, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	if err := deploy.New(io.Discard, filepath.Join(parent, "shop")); err != nil {
		log.Fatal(err)
	}
	goMod, err := os.Open(filepath.Join(parent, "shop", "go.mod"))
	if err != nil {
		log.Fatal(err)
	}
	defer goMod.Close()
	line, _ := bufio.NewReader(goMod).ReadString('\n')
	fmt.Print(line)
	// Output:
	// module shop
}

func ExampleCheckName() {
	for _, name := range []string{"my-shop", "My Shop", "net"} {
		fmt.Println(deploy.CheckName(name))
	}
	// Output:
	// <nil>
	// a product can't be named "My Shop": want a lower-case letter, then lower-case letters, digits and -, 32 at most, such as my-shop
	// a product can't be named "net", which means something else in a Go import path: want another name, such as my-net
}
