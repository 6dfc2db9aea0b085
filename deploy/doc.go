// Package deploy creates a product from the template.
//
//	err := deploy.New(os.Stdout, "shop") // apiphant new shop
//	cd shop && ./test.sh
package deploy
