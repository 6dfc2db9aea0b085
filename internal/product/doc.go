// Package product makes a program of a folder of plain Go functions: it finds
// the packages below PATH/api, writes the main that registers their functions,
// builds it with go build, runs it, and builds it anew when a file is saved.
//
//	p, err := product.Load("myproduct")              // what is there, and does it fit
//	source, err := p.Main()                          // the main, as a user would write it
//	binary, err := p.Build(ctx, product.BuildOptions{})
//	status, err := product.Exec(binary, []string{"serve", "127.0.0.1:8001"}, os.Environ())
//
// Nothing is ever written into the product's folder. What only the compiler
// needs to see (the main, and a go.mod and go.sum where the product has none)
// lies in Go's build cache and reaches the compiler through -overlay, as does
// the binary; so an unchanged product is not even linked anew.
//
// Which adapter a function needs is read from its declaration as it is written.
// The compiler has the last word, and names the user's file and line, since the
// main that is built carries a //line directive for each function.
package product
