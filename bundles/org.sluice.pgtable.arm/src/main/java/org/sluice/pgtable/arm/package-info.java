/**
 * ARM page tables. Long descriptors have three parts that do not know each other's business: where entries are ({@link
 * org.sluice.pgtable.arm.Geometry}), what a leaf's bits mean ({@link org.sluice.pgtable.arm.LeafAttributes}), and the
 * tree of tables in memory ({@link org.sluice.pgtable.arm.Tables}). Short descriptors have their own three beside them.
 * Private to the bundle; the core uses the services.
 */
package org.sluice.pgtable.arm;
