// Command reliability measures what docs/reliability.md says: it builds the
// product in reliability/product with the apiphant command, serves it in a process
// of its own, and attacks it over real sockets as clients on the internet do. Memory,
// descriptors and answers are observed from outside.
//
//	go run ./reliability                 every scenario, about ten minutes
//	go run ./reliability -short          the same with small numbers, for trying
//	go run ./reliability -only idle,kill
//	go run ./reliability -o docs/reliability.md
//
// Each scenario is a file of its own, whose comment says what it does and what its
// bar is. The exit status is 1 if a bar is missed. Every load is bounded; the
// processes end with this one.
package main
