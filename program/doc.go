// Package program makes a program of a product: its commands, and what they have
// in common. A main is one call:
//
//	func main() {
//		program.Main(program.Product{
//			Name:  "shop",
//			API:   routes(),
//			Doors: []program.Door{serve.Door{}, background.Door{Tasks: api_background.Tasks}},
//		})
//	}
//
//	shop serve 127.0.0.1:8001 --log json
//	shop background
//	shop routes
//
// A door is a command by which the product's functions are called. Each is a
// package below this one, and a program contains only those that its main names:
//
//   - [github.com/apiphant/apiphant/program/serve] calls them by HTTP,
//   - [github.com/apiphant/apiphant/program/background] on their schedules, and
//     by jobs,
//   - [github.com/apiphant/apiphant/program/lambda] by the events of AWS Lambda, which
//     starts the program without arguments.
//
// Every flag is also an environment variable, APIPHANT_ and its name; the flag
// comes before the variable, the variable before the default.
package program
