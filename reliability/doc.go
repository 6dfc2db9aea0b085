// Command reliability measures what docs/reliability.md says: it builds the
// product in reliability/product with the apiphant command, serves it as a
// process of its own, and does to it, over real sockets, what the internet does.
// Memory, descriptors and answers are looked at from outside.
//
//	go run ./reliability                 every scenario, about ten minutes
//	go run ./reliability -short          the same with small numbers, for trying
//	go run ./reliability -only idle,kill
//	go run ./reliability -o docs/reliability.md
//
// Each scenario is a file of its own, whose comment says what is done and where
// its bar comes from. The exit status is 1 where a bar is missed. Every load is
// bounded and ends by itself; the processes end with this one.
package main
