/**
 * ARM long-descriptor page tables. Three parts that do not know each other's business: where entries are ({@link
 * org.sluice.pgtable.arm.Geometry}), what a leaf's bits mean ({@link org.sluice.pgtable.arm.LeafAttributes}), and the
 * tree of tables in memory ({@link org.sluice.pgtable.arm.Tables}). Private to the bundle; the core uses the service.
 */
package org.sluice.pgtable.arm;
