// Package program makes a product a program: its commands, settings, log and
// signals. A main is one call:
//
//	func main() {
//		program.Main(program.Product{Name: "myproduct", API: routes()})
//	}
//
//	myproduct serve 127.0.0.1:8001 --log json
//	myproduct routes
//
// Every flag is also an environment variable, APIPHANT_ and its name; the flag
// comes before the variable, the variable before the default.
package program
