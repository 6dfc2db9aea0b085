package product

import (
	"fmt"
	"os"
	"path/filepath"
)

// Product is a folder of functions as [Load] found it. It doesn't change when
// the folder does, and may be used concurrently.
type Product struct {
	Name     string    // the folder's name
	Dir      string    // the folder: absolute, without symbolic links
	Packages []Package // what the API is made of: api first, then by version and path
	Doors    []Package // what other doors are made of, such as api/background
	Warnings []string  // what is allowed, and probably not what was meant: file, line, what to do

	comments  map[string]string // see [apiphant.API]; empty: none
	forLambda bool              // the main has the door for AWS Lambda
	tools     toolchain
	module    module
}

// Package is a folder that has something to register.
type Package struct {
	Path      string     // "v0/shop/orders"; "v0" is the version's own package, "" is package api
	Import    string     // "myproduct/api/v0/shop/orders"
	Alias     string     // what the main calls it: "v0_shop_orders"
	Functions []Function // in the order of the table of what a product may declare

	door    string // see [room]
	isAsked bool   // see [room]
}

// Function is an exported function that the main registers.
type Function struct {
	Name    string // "Read"
	Adapter string // the adapter of the root package for an action's shape, "Func"; else ""
	File    string // absolute
	Line    int

	statement string // see [declarable]
	needs     string // see [declarable]
}

// Find returns the product in folder path with its name and its folder alone. It is an
// error where that has no folder api.
func Find(path string) (*Product, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	api := filepath.Join(dir, "api")
	if info, err := os.Stat(api); err != nil || !info.IsDir() {
		//lint:ignore ST1005 these are the words of the original
		return nil, fmt.Errorf("Dir not found: %s", api)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	return &Product{Name: filepath.Base(dir), Dir: dir}, nil
}

// Load finds the packages of the product in folder path and the module that
// they belong to. It reads them but doesn't compile them: 100 packages take
// about 20 ms, and one run of go env another 10.
//
// All that is wrong with the product's functions comes as one error, with a
// line for each: file, line, what is wrong, what to do.
func Load(path string) (*Product, error) {
	p, err := Find(path)
	if err != nil {
		return nil, err
	}
	dir := p.Dir
	if p.module, err = findModule(dir); err != nil {
		return nil, err
	}
	if p.tools, err = findToolchain(dir); err != nil {
		return nil, err
	}
	found, err := scan(dir, p.tools.buildContext(), tableOf())
	if err != nil {
		return nil, err
	}
	p.Packages, p.Doors, p.Warnings = found.packages, found.doors, found.warned
	if err := p.module.resolve(dir, p.tools); err != nil {
		return nil, err
	}
	for _, packages := range [][]Package{p.Packages, p.Doors} {
		for i := range packages {
			packages[i].Import = p.module.importPath(apiFolder, packages[i].Path)
		}
	}
	p.comments = p.findComments()
	if p.module.own {
		return p, nil
	}
	return p, p.checkImports()
}

// Function returns the function of that name, or nil.
func (p *Package) Function(name string) *Function {
	for i := range p.Functions {
		if p.Functions[i].Name == name {
			return &p.Functions[i]
		}
	}
	return nil
}
