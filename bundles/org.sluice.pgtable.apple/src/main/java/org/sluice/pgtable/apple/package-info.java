/**
 * Page tables of Apple's DART with the semantics of Linux's io-pgtable-dart. Private: reached only through the format
 * services.
 */
package org.sluice.pgtable.apple;
