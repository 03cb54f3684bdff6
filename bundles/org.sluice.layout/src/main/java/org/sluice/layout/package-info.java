/**
 * What a register or a structure in memory looks like, as data: printers, validators and documentation read it; generated accessors
 * use {@link org.sluice.layout.Bits}. Compiled into the bundles that use it, never exported.
 */
package org.sluice.layout;
